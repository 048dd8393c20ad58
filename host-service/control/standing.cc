// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/standing.h"

#include "host-service/control/provisioner.h"

namespace hypertier::control {
Standing StandingOf(const Vm& vm, const EngineOptions& options) {
  if (!vm.description) return Unmanaged(vm.description_error);
  if (!vm.description->cells) return Unmanaged(vm.description->not_tiered);
  switch (vm.state) {
    case DomainState::kShutOff:
      return Unmanaged("shut off");
    case DomainState::kCrashed:
      return Unmanaged("crashed");
    case DomainState::kUnknown:
      return Unmanaged("libvirt does not say whether it runs");
    case DomainState::kPaused:
      return Waiting("paused: resume the domain to let its guest answer");
    case DomainState::kSuspended:
      return Waiting("suspended by its guest: wake it to let it answer");
    case DomainState::kRunning:
      break;
  }
  Standing standing = ProvisionerOf(vm).Judge(vm, options);
  if (standing.management == Management::kManaged && !vm.targets) {
    return Waiting("waiting for the ledger to take down the guest's targets");
  }
  return standing;
}

}  // namespace hypertier::control
