// What the planner makes of commands that may keep their client waiting. Slots: see planner_test.
#include "tests/routing/plan_text.hpp"

using namespace slotway;
using namespace slotway::routing;

TEST_CASE("XREAD and XREADGROUP block exactly when a node would take BLOCK for their option") {
  check_all(
      {
          {"XREAD BLOCK 0 STREAMS a 0", "block xread on 15495 for ever"},
          {"XREAD COUNT 1 block 0 STREAMS a 0", "block xread on 15495 for ever"},
          {"XREAD STREAMS block 0", "send xread to 16209"},
          {"XREAD STREAMS {a}1 {a}block 0 0", "send xread to 15495"},
          {"XREADGROUP GROUP g c STREAMS a >", "send xreadgroup to 15495"},
          {"XREADGROUP GROUP g c NOACK BLOCK 0 STREAMS a >", "block xreadgroup on 15495 for ever"},
          // Names of groups and consumers are no options.
          {"XREADGROUP GROUP block c STREAMS a >", "send xreadgroup to 15495"},
          {"XREADGROUP GROUP g block STREAMS a >", "send xreadgroup to 15495"},
          {"XREADGROUP GROUP streams c BLOCK 0 STREAMS a >", "block xreadgroup on 15495 for ever"},
          {"XREADGROUP GROUP g streams BLOCK 0 STREAMS a >", "block xreadgroup on 15495 for ever"},
          {"XREADGROUP COUNT streams GROUP g c BLOCK 0 STREAMS a >", "block xreadgroup on 15495 for ever"},
      },
      {}, true);
}

TEST_CASE("Commands that may wait go to a connection of their own, for the time that they say") {
  check_all(
      {
          {"BLPOP a 0", "block blpop on 15495 for ever"},
          {"BLPOP a {a}b 1.5", "block blpop on 15495 for 1500 ms"},
          {"BLPOP a b 1", "reject blpop: CROSSSLOT"},
          {"BRPOP b 0.0001", "block brpop on 3300 for 1 ms"},
          {"BLMOVE a {a}b LEFT RIGHT 2", "block blmove on 15495 for 2000 ms"},
          {"BRPOPLPUSH a b 2", "reject brpoplpush: CROSSSLOT"},
          {"BLMPOP 3 2 a {a}b LEFT", "block blmpop on 15495 for 3000 ms"},
          {"BZMPOP 0 1 a MIN", "block bzmpop on 15495 for ever"},
          {"BZPOPMIN a 1e3", "block bzpopmin on 15495 for 1000000 ms"},
          // What the node refuses, it refuses at once.
          {"BLPOP a -1", "block blpop on 15495 for 0 ms"},
          {"BLPOP a soon", "block blpop on 15495 for 0 ms"},
          {"BLPOP a nan", "block blpop on 15495 for 0 ms"},
          {"BLPOP a inf", "block blpop on 15495 for ever"},
          {"BLMPOP 0 x a LEFT", "block blmpop on any for ever"},
          {"XREAD BLOCK 250 STREAMS a 0", "block xread on 15495 for 250 ms"},
          {"XREAD BLOCK -5 STREAMS a 0", "block xread on 15495 for 0 ms"},
          {"BLPOP a", "reject blpop: arity"},
          {"WATCH a {a}b", "watch on 15495"},
          {"WATCH a b", "reject watch: CROSSSLOT"},
          {"UNWATCH", "step unwatch"},
      },
      {}, true);
}

TEST_CASE("WAIT goes to all primaries, or to one node if that has to word an error") {
  check_all(
      {
          {"WAIT 1 0", "wait for ever"},
          {"wait 2 1500", "wait for 1500 ms"},
          {"WAIT -1 1", "wait for 1 ms"},
          {"WAIT x 0", "send wait to any"},
          {"WAIT 1 x", "send wait to any"},
          {"WAIT 1 -1", "send wait to any"},
          {"WAIT 1 1.5", "send wait to any"},
          {"WAIT 1", "reject wait: arity"},
      },
      {}, true);
}
