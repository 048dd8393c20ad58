// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/provisioner.h"

#include "host-service/control/double_balloon.h"
#include "host-service/control/virtio_mem.h"

namespace hypertier::control {

const Provisioner& ProvisionerOf(const Vm& vm) {
  static const DoubleBalloon double_balloon;
  static const VirtioMem virtio_mem;
  switch (vm.description->provisioner()) {
    case domain::Provisioner::kVirtioMem:
      return virtio_mem;
    case domain::Provisioner::kDoubleBalloon:
      break;
  }
  return double_balloon;
}

}  // namespace hypertier::control
