#include "routing/transaction_flush.hpp"

#include <utility>

#include "protocol/command_table.hpp"
#include "protocol/reply_scanner.hpp"
#include "protocol/reply_writer.hpp"
#include "protocol/request_parser.hpp"

namespace slotway::routing {

namespace {

// The commands of a transaction, one after another.
class Commands {
 public:
  explicit Commands(std::string_view bytes) : rest_(bytes) {}

  // False: there are no more.
  bool next() {
    rest_.remove_prefix(size_);
    size_ = 0;
    parser_.start();
    if (rest_.empty() ||
        parser_.parse(rest_, protocol::kNoParseLimits, true) != protocol::ParseStatus::request)
      return false;
    size_ = parser_.size();
    return true;
  }
  std::string_view bytes() const { return rest_.substr(0, size_); }
  bool flushes() const {
    const protocol::CommandRow* row = protocol::find_command(parser_.request(rest_).arg(0));
    return row && row->service == protocol::Service::flush;
  }

 private:
  std::string_view rest_;  // begins with the current one
  std::size_t size_ = 0;   // of it
  protocol::RequestParser parser_;
};

}  // namespace

std::string_view TransactionFlush::before() const { return std::string_view(reply).substr(0, at); }

std::string_view TransactionFlush::behind() const {
  return std::string_view(reply).substr(at + protocol::kOk.size());
}

std::optional<TransactionFlush> executed_flush(std::string_view transaction, std::string_view reply,
                                               Endpoint node) {
  std::size_t at = reply.find('\n') + 1;
  if (!reply.starts_with('*') || at == 0) return std::nullopt;
  std::string_view command;
  std::size_t command_at = 0;
  Commands commands(transaction);
  commands.next();  // MULTI
  while (at < reply.size() && commands.next()) {
    protocol::ReplyScanner scanner;
    if (scanner.scan(reply.substr(at)) != protocol::ScanStatus::reply) break;
    if (reply.substr(at, scanner.size()) == protocol::kOk && commands.flushes()) {
      command = commands.bytes();
      command_at = at;
    }
    at += scanner.size();
  }
  if (command.empty()) return std::nullopt;
  return TransactionFlush{std::string(command), std::string(reply), command_at, std::move(node)};
}

}  // namespace slotway::routing
