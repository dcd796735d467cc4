// The words that options of a fixed few take. Owner: static data. Thread: any.
#pragma once

#include <array>

#include "config/config.hpp"
#include "config/option_codecs.hpp"

namespace slotway::config {

inline constexpr std::array kModes{Word{"cluster", UpstreamMode::cluster},
                                   Word{"standalone", UpstreamMode::standalone},
                                   Word{"sentinel", UpstreamMode::sentinel}};
inline constexpr std::array kReadFrom{
    Word{"primary", ReadFrom::primary}, Word{"prefer_replica", ReadFrom::prefer_replica},
    Word{"replica", ReadFrom::replica}, Word{"any", ReadFrom::any}, Word{"nearest", ReadFrom::nearest}};
inline constexpr std::array kLevels{Word{"debug", LogLevel::debug}, Word{"info", LogLevel::info},
                                    Word{"warn", LogLevel::warn}, Word{"error", LogLevel::error}};
inline constexpr std::array kFormats{Word{"text", LogFormat::text}, Word{"json", LogFormat::json}};
inline constexpr std::array kCrossSlotWrites{Word{"split", CrossSlotWrites::split},
                                             Word{"reject", CrossSlotWrites::reject}};
inline constexpr std::array kClusterViews{Word{"proxy", ClusterViewMode::proxy},
                                          Word{"nodes", ClusterViewMode::nodes}};
// As in redis.conf; true and false are YAML's.
inline constexpr std::array kOffOn{Word{"off", false}, Word{"on", true}, Word{"false", false},
                                   Word{"true", true}};
inline constexpr std::array kDebugCommand{Word{"refuse", DebugCommand::refuse},
                                          Word{"allow", DebugCommand::allow}};

}  // namespace slotway::config
