// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "host-service/control/options.h"
#include "host-service/control/vm.h"

namespace hypertier::control {

struct Standing {
  Management management = Management::kUnmanaged;
  // What is missing and what the user can do; empty when managed.
  std::string reason;
};

inline Standing Unmanaged(std::string reason) {
  return {Management::kUnmanaged, std::move(reason)};
}
inline Standing Waiting(std::string reason) {
  return {Management::kWaiting, std::move(reason)};
}

// Whether we govern the VM, and if not, why: the first cause on the way from libvirt to the guest's balloons.
Standing StandingOf(const Vm& vm, const EngineOptions& options);

}  // namespace hypertier::control
