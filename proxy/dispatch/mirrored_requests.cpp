// The dispatcher's part for requests that another upstream is asked too.
#include "proxy/dispatch/dispatcher.hpp"
#include "proxy/dispatch/mirror.hpp"

namespace slotway::proxy {

Taken Dispatcher::carry_out_mirrored(ClientSession& session, const protocol::RequestView& request,
                                     const routing::Plan& plan, const protocol::CommandRow* row,
                                     protocol::ReadBuffer* source) {
  // The request's bytes may leave with it.
  const bool kept = mirror_->keep(session, request, plan);
  const auto take_and_mirror = [&] {
    const bool was_taken = take(session, request, plan, source);
    if (was_taken && kept) mirror_->send(session);
    return was_taken;
  };
  const bool refused = std::holds_alternative<routing::Reject>(plan);
  Taken taken = Taken::when_answered;
  if (session.is_observed()) {
    taken = take_observed(session, request, row, refused, take_and_mirror);
  } else if (take_and_mirror()) {
    taken = Taken::yes;
  }
  if (taken != Taken::yes) mirror_->comes_again();
  return taken;
}

void Dispatcher::mirror_part(const ClientSession& session, const protocol::RequestView& request,
                             const protocol::CommandRow& row, const routing::Splitter& splitter,
                             std::span<const std::uint32_t> keys, std::size_t index) {
  if (!mirror_) return;
  std::string text;
  splitter.write_fragment(request, keys, index, row, [&](std::string_view piece) { text += piece; });
  mirror_->send_part(session, row, text);
}

// What was watched has not changed: the reply is not null.
void Dispatcher::mirror_executed(const UpstreamConnection& connection, const Request& request,
                                 std::string_view reply) {
  if (!mirror_ || request.selects || reply.starts_with("*-1") || reply.starts_with('_')) return;
  mirror_->send_executed(connection.pipeline().front_text(), request.leading - 1, request.use.resp3,
                         request.use.database);
}

}  // namespace slotway::proxy
