// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/burst.h"

#include <fmt/format.h>

#include "host-service/qos/by_hotness.h"
#include "host-service/qos/by_shares.h"

namespace hypertier::qos {
namespace {

class Static final : public BurstPolicy {
 public:
  std::vector<Bytes> Divide(const BurstProblem& problem) const override {
    return std::vector<Bytes>(problem.vms.size());
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<BurstPolicy>> MakeBurstPolicy(std::string_view name) {
  if (name == "static") return std::make_unique<Static>();
  if (name == "proportional") return std::make_unique<ByShares>();
  if (name == "hotness") return std::make_unique<ByHotness>();
  return absl::InvalidArgumentError(fmt::format("no QoS policy \"{}\": one of static, proportional, hotness", name));
}

}  // namespace hypertier::qos
