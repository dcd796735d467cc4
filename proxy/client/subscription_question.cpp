#include "proxy/client/subscription_question.hpp"

#include "protocol/reply_writer.hpp"
#include "routing/glob.hpp"

namespace slotway::proxy {

using protocol::ChannelKind;
using protocol::LocalCommand;

SubscriptionCounts SubscriptionQuestion::answer(const routing::SubscriptionTable& table) const {
  SubscriptionCounts counts;
  if (wanted == Wanted::clients_by_name) {
    for (const std::string& name : names) counts[name] = table.listeners_of(kind, name);
    return counts;
  }
  table.for_each_name(kind, [&](std::string_view name) {
    if (!pattern || routing::glob_matches(*pattern, name))
      counts.emplace(name, table.listeners_of(kind, name));
  });
  return counts;
}

std::string SubscriptionQuestion::reply(const SubscriptionCounts& all) const {
  std::string reply;
  switch (wanted) {
    case Wanted::number_of_names:
      protocol::write_integer(reply, static_cast<std::int64_t>(all.size()));
      break;
    case Wanted::names:
      protocol::write_array_header(reply, all.size());
      for (const auto& [name, clients] : all) protocol::write_bulk(reply, name);
      break;
    case Wanted::clients_by_name:
      protocol::write_array_header(reply, 2 * names.size());
      for (const std::string& name : names) {
        protocol::write_bulk(reply, name);
        protocol::write_integer(reply, static_cast<std::int64_t>(all.at(name)));
      }
      break;
  }
  return reply;
}

std::optional<SubscriptionQuestion> parse_subscription_question(LocalCommand command,
                                                                const protocol::RequestView& request) {
  using Wanted = SubscriptionQuestion::Wanted;
  SubscriptionQuestion question;
  const bool of_shards =
      command == LocalCommand::pubsub_shardchannels || command == LocalCommand::pubsub_shardnumsub;
  if (of_shards) question.kind = ChannelKind::shard;
  switch (command) {
    case LocalCommand::pubsub_numpat:
      question.wanted = Wanted::number_of_names;
      question.kind = ChannelKind::pattern;
      break;
    case LocalCommand::pubsub_numsub:
    case LocalCommand::pubsub_shardnumsub:
      question.wanted = Wanted::clients_by_name;
      for (std::size_t i = 2; i < request.argc(); ++i) question.names.emplace_back(request.arg(i));
      break;
    default:
      if (request.argc() > 3) return std::nullopt;
      if (request.argc() == 3) question.pattern = request.arg(2);
      break;
  }
  return question;
}

}  // namespace slotway::proxy
