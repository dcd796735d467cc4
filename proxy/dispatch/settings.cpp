// The dispatcher's part for CONFIG: a node's settings among which are the proxy's own.
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/own_settings.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

using protocol::ByteQueue;

void Dispatcher::send_settings(ClientSession& session, const protocol::RequestView& request,
                               const routing::Settings& settings) {
  const protocol::Family family = settings.row->family;
  loop_.counters.requests[index_of(family)].add();
  loop_.counters.in_flight.add();
  Request whole = begin_request(session, session.open_reply(family, request.bytes().size()), *settings.row,
                                routing::kAnySlot);
  whole.fragment = Request::kSettings;
  ByteQueue bytes;
  bytes.append(loop_.blocks, request.bytes());
  send_bytes(whole, bytes);
}

void Dispatcher::deliver_settings(const Request& request, std::string_view reply) {
  const ClientSession* session = session_of(request);
  std::string text;
  if (session) write_with_own_settings(text, reply, session->entrance().config);
  deliver(request, {text}, ErrorClass::count_);
}

// All or nothing: one that is refused keeps the others from the nodes.
void Dispatcher::change_settings(ClientSession& session, const protocol::RequestView& request,
                                 const routing::ChangeSettings& change) {
  const protocol::CommandRow& row = *change.row;
  const SettingsChange wanted(request, session.entrance().config);
  if (wanted.refused()) {
    loop_.counters.requests[index_of(row.family)].add();
    return session.reply_error(row.family, ErrorClass::refused, wanted.refusal());
  }
  if (wanted.changes_nodes()) return send_to_shards(session, request, row, wanted.node_request());
  loop_.counters.requests[index_of(row.family)].add();
  session.reply_now(row.family, protocol::kOk);
}

}  // namespace slotway::proxy
