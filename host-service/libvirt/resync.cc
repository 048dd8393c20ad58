// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/resync.h"

#include <algorithm>
#include <utility>

namespace hypertier {

void Resync::Expect(const std::string& uuid, const std::string& name) {
  const auto [known, is_new] = domains_.try_emplace(uuid);
  if (!is_new) return;
  known->second.uuid = uuid;
  known->second.name = name;
  known->second.answered = false;
  awaited_.insert(uuid);
}

void Resync::Listed(Clock::time_point now) {
  listed_ = true;
  listed_at_ = last_answer_ = now;
}

void Resync::Answered(DomainInfo domain, Clock::time_point now) {
  awaited_.erase(domain.uuid);
  last_answer_ = now;
  std::string uuid = domain.uuid;
  domains_[std::move(uuid)] = std::move(domain);
}

void Resync::Gone(const std::string& uuid, Clock::time_point now) {
  awaited_.erase(uuid);
  domains_.erase(uuid);
  last_answer_ = now;
}

void Resync::Failed(const std::string& uuid) {
  awaited_.erase(uuid);
}

Resync::Clock::time_point Resync::due() const {
  return std::min(listed_at_ + limit_, last_answer_ + patience_);
}

std::vector<DomainInfo> Resync::Take() {
  std::vector<DomainInfo> all;
  all.reserve(domains_.size());
  for (auto& [uuid, domain] : domains_) all.push_back(std::move(domain));
  domains_.clear();
  awaited_.clear();
  return all;
}

}  // namespace hypertier
