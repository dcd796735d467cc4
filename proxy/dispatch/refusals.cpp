// The dispatcher's part for requests that no node is asked: each gets the error that a redis-server has for
// it.
#include "protocol/ascii_case.hpp"
#include "protocol/reply_errors.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

using routing::RefreshReason;

void Dispatcher::reject(ClientSession& session, const protocol::RequestView& request,
                        const routing::Reject& reject) {
  using routing::RejectReason;
  namespace errors = protocol::errors;
  std::string text;
  switch (reject.reason) {
    case RejectReason::unknown_command:
      // A browser that was tricked into talking to us: Redis closes at once, lest the body be taken for
      // commands.
      if (protocol::equal_ignore_case(request.arg(0), "post") ||
          protocol::equal_ignore_case(request.arg(0), "host:")) {
        return session.close_after_replies();
      }
      if (!session.facts().in_transaction && session.run_sentinel(request)) return;
      text = errors::unknown_command(request);
      ask_refresh(RefreshReason::unknown_command);
      break;
    case RejectReason::unknown_subcommand:
      text = errors::unknown_subcommand(request);
      ask_refresh(RefreshReason::unknown_command);
      break;
    case RejectReason::wrong_arity: text = errors::wrong_arity(*reject.row); break;
    case RejectReason::no_auth: text = errors::kNoAuth; break;
    case RejectReason::unsupported: text = errors::unsupported(reject.row->name); break;
    case RejectReason::subscriber: text = errors::not_for_subscribers(*reject.row); break;
    case RejectReason::debug_off: text = errors::kDebugOff; break;
    case RejectReason::debug_refused: text = errors::debug_refused(request.arg(1)); break;
    case RejectReason::cross_slot: text = errors::kCrossSlot; break;
    case RejectReason::unbalanced: text = errors::kUnbalancedStreams; break;
    case RejectReason::no_group: text = errors::kMissingGroup; break;
    case RejectReason::watch_in_multi: text = errors::kWatchInMulti; break;
    case RejectReason::no_multi: text = errors::kNotInTransaction; break;
    case RejectReason::not_in_multi: text = errors::unsupported_in_transaction(reject.row->name); break;
  }
  const protocol::Family family = reject.row ? reject.row->family : protocol::Family::server;
  loop_.counters.requests[index_of(family)].add();
  if (reject.row && reject.row->local == protocol::LocalCommand::exec) {
    // A refused EXEC ends its transaction (rejectCommand, execCommandAbort).
    session.drop_transaction();
    end_watch(session);
    text = errors::exec_abort(text);
  } else if (reject.reason != RejectReason::watch_in_multi) {
    // Redis does not count that one as the transaction's.
    session.fail_transaction();
  }
  session.reply_error(family, ErrorClass::refused, text);
}

}  // namespace slotway::proxy
