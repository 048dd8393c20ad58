// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/cpu_budget.h"

#include <time.h>

#include <algorithm>

namespace hypertier::agent {
namespace {

// A share below this is none.
constexpr double kLeastShare = 1e-9;
constexpr std::chrono::hours kNever{24 * 365};

}  // namespace

std::chrono::nanoseconds ThreadCpuTime() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void CpuBudget::Grow(Time now) {
  if (grown_ == Time::min()) grown_ = now;
  if (now <= grown_) return;
  const std::chrono::duration<double, std::nano> grown = (now - grown_) * share_;
  grown_ = now;
  const std::chrono::nanoseconds room = burst_ - credit_;
  credit_ = grown >= room ? burst_ : credit_ + std::chrono::nanoseconds(static_cast<std::int64_t>(grown.count()));
}

bool CpuBudget::Ready(Time now) {
  return Credit(now) > std::chrono::nanoseconds(0);
}

std::chrono::nanoseconds CpuBudget::Credit(Time now) {
  Grow(now);
  return credit_;
}

void CpuBudget::Charge(Time now, std::chrono::nanoseconds cost) {
  Grow(now);
  credit_ = std::max(credit_ - std::max(cost, std::chrono::nanoseconds(0)), -most_debt_);
}

CpuBudget::Time CpuBudget::ReadyAt() const {
  if (credit_ > std::chrono::nanoseconds(0)) return grown_;
  if (share_ < kLeastShare) return std::max(grown_, Time(Time::duration(0))) + kNever;
  const std::chrono::duration<double, std::nano> wait(static_cast<double>(-credit_.count() + 1) / share_);
  const auto bounded = std::min<std::chrono::duration<double, std::nano>>(wait, kNever);
  return grown_ + std::chrono::ceil<std::chrono::nanoseconds>(bounded);
}

}  // namespace hypertier::agent
