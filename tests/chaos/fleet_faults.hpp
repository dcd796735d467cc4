// What happens to several proxies behind one balancer. Thread: main's.
#pragma once

namespace slotway::chaos {

struct FleetScene;

void scale_out_and_in(FleetScene& scene);

}  // namespace slotway::chaos
