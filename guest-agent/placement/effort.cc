// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/effort.h"

namespace hypertier::agent {
namespace {

constexpr std::uint64_t kOfResident = 16;
constexpr std::uint64_t kOfFmem = 256;

}  // namespace

void Effort::Update(ranges::Time now, Bytes resident, Bytes moved, Bytes fmem) {
  // One of the differences is nothing.
  const Bytes change = (resident - resident_) + (resident_ - resident);
  const bool other_memory = change > Bytes(resident_.count() / kOfResident);
  const bool was_wrong = moved - moved_ > Bytes(fmem.count() / kOfFmem);
  if (news_ == ranges::Time::min() || other_memory || was_wrong) {
    news_ = now;
    resident_ = resident;
    moved_ = moved;
  }
  learning_ = now - news_ < kPatience;
}

}  // namespace hypertier::agent
