// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/tier.h"
#include "host-service/tierctl/report/prometheus.h"
#include "host-service/tierctl/report/scope.h"

namespace hypertier::tierctl::report {

// Asks about one host, tenant or VM. The first error ends all: what is asked for after it is empty.
class Asker {
 public:
  Asker(const Prometheus& prometheus, Scope scope, const Span& span)
      : prometheus_(prometheus), scope_(std::move(scope)), span_(span) {}

  const Scope& scope() const { return scope_; }
  const Span& span() const { return span_; }
  const absl::Status& status() const { return status_; }
  const std::string& prometheus() const { return prometheus_.shown(); }

  // `metric` of the scope: of the host, the tenant's own, or the VM's.
  std::string Own(std::string_view metric, std::vector<std::pair<std::string, std::string>> labels = {}) const;
  // `expression`, which has a label vm, of the tenant's VMs only.
  std::string OfTenantsVms(const std::string& expression) const;
  // Events of the scope: `metric` is a counter of VMs; how much it has risen in the span, by `label` where there is
  // one.
  std::map<std::string, double> Rise(std::string_view metric, const std::string& label = "");

  // By the values of one label; without a label, by "".
  std::map<std::string, Values> By(const std::string& label, const std::string& query, const Span& span);
  std::map<std::string, Values> By(const std::string& label, const std::string& query) {
    return By(label, query, span_);
  }
  // All values NaN where there is no series.
  Values One(const std::string& query);
  PerTier<Values> Tiers(const std::string& query);
  std::vector<Sample> Latest(const std::string& query);

 private:
  const Prometheus& prometheus_;
  Scope scope_;
  Span span_;
  absl::Status status_;
};

}  // namespace hypertier::tierctl::report
