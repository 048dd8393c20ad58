// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "host-service/libvirt/hypervisor.h"

namespace hypertier {

// Gathers what one OnResync delivers. Begins before events are asked for, so that what an event brings to light
// meanwhile is merged and not overtaken by older news. Not thread-safe; the clock is passed in.
class Resync {
 public:
  using Clock = std::chrono::steady_clock;

  // Is due `limit` after the list was there at the latest, or once nothing has answered for `patience`.
  Resync(std::chrono::nanoseconds patience, std::chrono::nanoseconds limit) : patience_(patience), limit_(limit) {}

  // A domain of the list, whose answer is awaited unless it has come already.
  void Expect(const std::string& uuid, const std::string& name);
  // Everything on the list has been told by Expect().
  void Listed(Clock::time_point now);

  void Answered(DomainInfo domain, Clock::time_point now);
  // There is no such domain (any more).
  void Gone(const std::string& uuid, Clock::time_point now);
  // It could not be read; it is not waited for.
  void Failed(const std::string& uuid);

  bool complete() const { return listed_ && awaited_.empty(); }
  // When to deliver even if it is not complete; asked once it is listed.
  Clock::time_point due() const;

  // All domains; those that have not answered have `answered` false.
  std::vector<DomainInfo> Take();

 private:
  std::unordered_map<std::string, DomainInfo> domains_;
  std::unordered_set<std::string> awaited_;
  bool listed_ = false;
  Clock::time_point listed_at_;
  Clock::time_point last_answer_;
  std::chrono::nanoseconds patience_;
  std::chrono::nanoseconds limit_;
};

}  // namespace hypertier
