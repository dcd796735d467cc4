// Every error text that a client may see from the proxy itself, in one place: clients branch on them.
// Pure; any thread. Texts that Redis has too are byte for byte those of Redis 7.0 (server.c, networking.c,
// acl.c, cluster.c); the others start with the code ERR, or with a Redis code that means the same to a client
// library.
#pragma once

#include <string>
#include <string_view>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::protocol::errors {

// --- Redis's own: without '-' and line end ---
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
    "<pass> option "
    "can be used to authenticate the client and select the RESP protocol version at the same time";
inline constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kAuthWithoutPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
    "configuration "
    "is correct?";
inline constexpr std::string_view kNoProto = "NOPROTO unsupported protocol version";
inline constexpr std::string_view kProtoNotInteger = "ERR Protocol version is not an integer or out of range";
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotInIntRange =
    "ERR value is out of range, value must between -2147483648 and 2147483647";
inline constexpr std::string_view kSelectRefused = "ERR SELECT is not allowed in cluster mode";
inline constexpr std::string_view kNoSuchDatabase = "ERR DB index is out of range";
inline constexpr std::string_view kNoCluster = "ERR This instance has cluster support disabled";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";
inline constexpr std::string_view kCrossSlot = "CROSSSLOT Keys in request don't hash to the same slot";
inline constexpr std::string_view kUnbalancedStreams =
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.";
inline constexpr std::string_view kMissingGroup = "ERR Missing GROUP option for XREADGROUP";
inline constexpr std::string_view kNestedMulti = "ERR MULTI calls can not be nested";
inline constexpr std::string_view kExecWithoutMulti = "ERR EXEC without MULTI";
inline constexpr std::string_view kDiscardWithoutMulti = "ERR DISCARD without MULTI";
inline constexpr std::string_view kExecAbort = "EXECABORT Transaction discarded because of previous errors.";
inline constexpr std::string_view kWatchInMulti = "ERR WATCH inside MULTI is not allowed";
inline constexpr std::string_view kNotInTransaction = "ERR Command not allowed inside a transaction";
inline constexpr std::string_view kMonitorInMulti = "ERR MONITOR isn't allowed for DENY BLOCKING client";
inline constexpr std::string_view kMaxClients = "ERR max number of clients reached";
inline constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";
inline constexpr std::string_view kBadClientId = "ERR Invalid client ID";
inline constexpr std::string_view kBadClientIdToKill = "ERR client-id should be greater than 0";
inline constexpr std::string_view kNoSuchClient = "ERR No such client";
inline constexpr std::string_view kBadUnblockReason = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
inline constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
inline constexpr std::string_view kBadPauseMode = "ERR CLIENT PAUSE mode must be WRITE or ALL";
inline constexpr std::string_view kTimeoutNotInteger = "ERR timeout is not an integer or out of range";
inline constexpr std::string_view kTimeoutNegative = "ERR timeout is negative";
inline constexpr std::string_view kMonitorsKeyspace = "ERR Replica can't interact with the keyspace";
inline constexpr std::string_view kCachingWithoutTracking =
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "
    "enabled";

inline constexpr std::string_view kSecondRedirect = "ERR A client can only redirect to a single other client";
inline constexpr std::string_view kPrefixWithoutBcast = "ERR PREFIX option requires BCAST mode to be enabled";
inline constexpr std::string_view kOptionWithBcast = "ERR OPTIN and OPTOUT are not compatible with BCAST";
inline constexpr std::string_view kOptinAndOptout = "ERR You can't specify both OPTIN mode and OPTOUT mode";
inline constexpr std::string_view kOtherBcast =
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
inline constexpr std::string_view kOtherOption =
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
inline constexpr std::string_view kNoRedirectClient = "ERR The client ID you want redirect to does not exist";
inline constexpr std::string_view kCachingYesWithoutOptin =
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
inline constexpr std::string_view kCachingNoWithoutOptout =
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";

// --- Slotway's: nothing in Redis says these ---
inline constexpr std::string_view kTimeout =
    "ERR Slotway: no reply within timeouts.request; a write may have been executed";
inline constexpr std::string_view kNotSent =
    "ERR Slotway: not executed: no connection to the node within timeouts.request and failover.hold";
inline constexpr std::string_view kTooManyHeld =
    "ERR Slotway: not executed: the node is not reachable, and as many requests wait for it as "
    "failover.max_held_per_worker "
    "or failover.max_held_bytes_per_worker allows";
inline constexpr std::string_view kUncovered =
    "CLUSTERDOWN Slotway: not executed: no node is known for the key's slot";
inline constexpr std::string_view kOutcomeUnknown =
    "ERR Slotway: connection to the node lost after the command was sent; whether it was executed is unknown";
inline constexpr std::string_view kBadFragment =
    "ERR Slotway: a node's reply to a part of the command was not understood";
// Behind the error that stopped a part of a write, when others of its parts were executed: the code is the
// error's own, as clients branch on it.
inline constexpr std::string_view kExecutedInPart = " (Slotway: executed in part)";
inline constexpr std::string_view kShardMoved =
    "ERR Slotway: not executed: another node has taken over the shard's slots meanwhile";
// A node's, not ours: it has no such library of functions (functions.c).
inline constexpr std::string_view kNoLibrary = "ERR Library not found";
inline constexpr std::string_view kNoMap = "CLUSTERDOWN Slotway: no node of the cluster is known yet";
inline constexpr std::string_view kDebugOff =
    "ERR DEBUG command not allowed. Set debug_command in Slotway's configuration, and enable-debug-command "
    "in the nodes', and restart them.";
inline constexpr std::string_view kTooManyHops =
    "ERR Slotway: not executed: too many redirects; the cluster's nodes disagree";
inline constexpr std::string_view kTransactionTooLarge =
    "ERR Slotway: the transaction is larger than limits.max_request";
inline constexpr std::string_view kAcrossUpstreams =
    "CROSSSLOT Slotway: keys in request are at different upstreams";
inline constexpr std::string_view kAllPinned =
    "ERR Slotway: too many clients block or watch at this time; raise limits.max_pinned_per_worker";

// `text` is one of those that leave open whether the command was executed.
constexpr bool leaves_doubt(std::string_view text) { return text == kTimeout || text == kOutcomeUnknown; }

// To a transaction that empties all shards: if its own may have been emptied, the others were not.
std::string flush_failed(std::string_view text);
std::string wrong_arity(const CommandRow& row);
std::string unknown_command(const RequestView& request);
std::string unknown_subcommand(const RequestView& request);
// A command that Slotway does not serve (yet), named as Redis names it.
std::string unsupported(std::string_view command);
std::string unsupported_in_transaction(std::string_view command);
// A command for all that is at one upstream, where routes send keys to several.
std::string for_one_upstream(std::string_view command);
// A command that names keys which strip_prefix would have to translate.
std::string not_translated(std::string_view command);
// A DEBUG subcommand that would end a node, or is of one node's keys.
std::string debug_refused(std::string_view subcommand);
// CONFIG SET of a setting that is the proxy's own.
std::string setting_refused(std::string_view setting, std::string_view why);
// A known subcommand with arguments that it cannot have.
std::string subcommand_syntax(const RequestView& request);
std::string unknown_client_type(std::string_view type);
std::string no_such_user(std::string_view user);
// Redis's, to an EXEC that is itself refused with `error`.
std::string exec_abort(std::string_view error);
// Redis's, to a subscriber that speaks RESP2.
std::string not_for_subscribers(const CommandRow& row);
// `which`: "an existing" or "another provided".
std::string overlapping_prefixes(std::string_view prefix, std::string_view which, std::string_view other);
std::string unrecognized_option(std::string_view option);
// Of CLIENT SETINFO: a value with characters that CLIENT LIST cannot show.
std::string bad_client_attribute(std::string_view attribute);
std::string hello_option(std::string_view option);

}  // namespace slotway::protocol::errors
