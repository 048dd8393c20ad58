// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/plan.h"

#include <fmt/format.h>

namespace hypertier::qos {
namespace {

std::string Burst(const Target& target) {
  return fmt::format("{} claimed and {} of what nobody needs", FormatBytes(target.claim),
                     FormatBytes(target.aim - target.claim));
}

std::string Why(const Target& target) {
  const std::string aim = FormatBytes(target.aim);
  switch (target.cause) {
    case Cause::kReservation:
      return "its reservation";
    case Cause::kLent:
      return fmt::format("it would make use of {}; of the rest of its reservation most is lent until it is wanted",
                         FormatBytes(target.demand));
    case Cause::kBurst:
      return Burst(target);
    case Cause::kLimit:
      return "its limit: " + Burst(target);
    case Cause::kTenantLimit:
      return "the limit of its tenant, which is less than its VMs' claims";
    case Cause::kOvercommitted:
      return "claims exceed what the host has; they are met in proportion to shares";
    case Cause::kFrozen:
      return "not planned, and not changed";
    case Cause::kOverstays:
      return "its claim; nothing beyond while it does not give back what it holds above its target";
    case Cause::kSteady:
      return fmt::format("near enough to {}", aim);
    case Cause::kWaiting:
      return fmt::format("on the way to {}; waiting until others have given back what it grows into", aim);
    case Cause::kStep:
      return fmt::format("on the way to {}, in steps", aim);
  }
  return "";
}

}  // namespace

std::string Explain(const Target& target) {
  return fmt::format("{}: {}", FormatBytes(target.amount), Why(target));
}

}  // namespace hypertier::qos
