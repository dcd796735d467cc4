#include "protocol/reply_tree.hpp"

#include <hiredis/read.h>

#include <new>
#include <utility>

namespace slotway::protocol {
namespace {

// The callbacks below build our tree instead of hiredis's, element by element as they come in, so an
// announced count reserves nothing. A parent stays where it is while its elements are read: only finished
// siblings are moved.

// Returns nullptr, which hiredis reports as out of memory, rather than throw through C.
ReplyTree* add_reply(const redisReadTask* task, ReplyType type) noexcept {
  try {
    if (task->parent == nullptr) return new ReplyTree{.type = type};
    auto* parent = static_cast<ReplyTree*>(task->parent->obj);
    ReplyTree& reply = parent->elements.emplace_back();
    reply.type = type;
    return &reply;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void free_reply(void* reply) { delete static_cast<ReplyTree*>(reply); }

void* create_string(const redisReadTask* task, char* text, std::size_t size) {
  const ReplyType type = task->type == REDIS_REPLY_ERROR    ? ReplyType::error
                         : task->type == REDIS_REPLY_STATUS ? ReplyType::status
                                                            : ReplyType::string;
  ReplyTree* reply = add_reply(task, type);
  if (reply == nullptr) return nullptr;
  try {
    reply->text.assign(text, size);
    return reply;
  } catch (const std::bad_alloc&) {
    if (task->parent == nullptr) free_reply(reply);
    return nullptr;
  }
}

void* create_array(const redisReadTask* task, int) { return add_reply(task, ReplyType::array); }

void* create_integer(const redisReadTask* task, long long value) {
  ReplyTree* reply = add_reply(task, ReplyType::integer);
  if (reply != nullptr) reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) { return add_reply(task, ReplyType::nil); }

redisReplyObjectFunctions callbacks = {create_string, create_array, create_integer, create_nil, free_reply};

}  // namespace

struct ReplyReader::Parser {
  Parser() : reader(redisReaderCreateWithFunctions(&callbacks)) {
    if (reader == nullptr) throw std::bad_alloc{};
  }
  ~Parser() { redisReaderFree(reader); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  redisReader* reader;
};

const ReplyTree* find_field(const ReplyTree& map, std::string_view name) {
  if (!map.is_array()) return nullptr;
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    const ReplyTree& key = map.elements[i];
    if (key.is_text() && key.text == name) return &map.elements[i + 1];
  }
  return nullptr;
}

ReplyReader::ReplyReader(std::size_t max_reply_bytes)
    : parser_(std::make_unique<Parser>()), max_reply_bytes_(max_reply_bytes) {}

ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

void ReplyReader::feed(std::string_view bytes) {
  if (has_failed() || bytes.empty()) return;
  if (redisReaderFeed(parser_->reader, bytes.data(), bytes.size()) != REDIS_OK) {
    error_ = "unreadable reply: out of memory";
    return;
  }
  pending_bytes_ += bytes.size();
}

std::optional<ReplyTree> ReplyReader::next() {
  if (has_failed()) return std::nullopt;
  void* whole = nullptr;
  if (redisReaderGetReply(parser_->reader, &whole) != REDIS_OK) {
    error_ = std::string{"unreadable reply: "} + parser_->reader->errstr;
    return std::nullopt;
  }
  if (whole == nullptr) {
    if (pending_bytes_ > max_reply_bytes_) {
      error_ = "unreadable reply: more than " + std::to_string(max_reply_bytes_) + " bytes";
    }
    return std::nullopt;
  }
  const std::unique_ptr<ReplyTree> reply{static_cast<ReplyTree*>(whole)};
  pending_bytes_ = parser_->reader->len - parser_->reader->pos;
  return std::move(*reply);
}

}  // namespace slotway::protocol
