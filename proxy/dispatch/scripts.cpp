// The dispatcher's part for scripts that nodes may lack: what clients load is remembered by all workers, and
// goes ahead of the first command that names a script by its sha on each connection.
#include "protocol/ascii_case.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

void Dispatcher::note_scripts(const protocol::RequestView& request, protocol::ScriptUse use) {
  if (use == protocol::ScriptUse::load) {
    const ScriptBody body = std::make_shared<const std::string>(request.arg(2));
    scripts_.add(body);
    tell_others_([body](Dispatcher& other) { other.scripts_.add(body); });
  } else if (use == protocol::ScriptUse::flush) {
    const bool flushes = request.argc() == 2 || protocol::equal_ignore_case(request.arg(2), "async") ||
                         protocol::equal_ignore_case(request.arg(2), "sync");
    if (!flushes) return;
    scripts_.clear();
    tell_others_([](Dispatcher& other) { other.scripts_.clear(); });
  }
}

void Dispatcher::load_scripts(UpstreamConnection& connection, const Request& request) {
  const std::uint64_t newest = scripts_.newest();
  if (connection.scripts_seen() >= newest || !connection.takes_scripts()) return;
  std::string text;
  scripts_.for_each_above(connection.scripts_seen(), [&](std::string_view body) {
    text.clear();
    protocol::write_array_header(text, 3);
    protocol::write_bulk(text, "SCRIPT");
    protocol::write_bulk(text, "LOAD");
    protocol::write_bulk(text, body);
    Request load;
    load.kind = Request::Kind::script_load;
    load.use = request.use;
    load.deadline = request.deadline;
    queue(connection, load, [&](protocol::ByteQueue& out) { out.append(loop_.blocks, text); });
  });
  connection.set_scripts_seen(newest);
}

}  // namespace slotway::proxy
