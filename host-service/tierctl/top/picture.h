// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hypertier/v1/qos.pb.h"
#include "hypertier/v1/vm.pb.h"

namespace hypertier::tierctl::top {

// What is known of a host at one moment. Texts are as others wrote them: not fit for a terminal yet.
struct Picture {
  // The first list of VMs is complete.
  bool synced = false;
  // Shared, so that a picture of a thousand VMs costs a thousand pointers.
  std::vector<std::shared_ptr<const v1::Vm>> vms;
  // Why VMs bring no news, and since when; empty: they do.
  std::string trouble;
  std::chrono::seconds trouble_age{0};

  std::optional<v1::Host> host;
  std::vector<v1::Tenant> tenants;
  // The same of host and tenants, which are asked for again and again.
  std::string qos_trouble;
  std::chrono::seconds qos_age{0};
};

}  // namespace hypertier::tierctl::top
