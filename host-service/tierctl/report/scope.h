// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host-service/tierctl/report/prometheus.h"

namespace hypertier::tierctl::report {

enum class Kind { kHost, kTenant, kVm };

// Whose report it is. Names are as others wrote them.
struct Scope {
  Kind kind = Kind::kHost;
  // The host, as Prometheus names it.
  std::string instance;
  // Of a tenant its id, of a VM its domain's name; empty of a host.
  std::string name;
  // Of a VM: the UUID of its domain, and its tenant ("": none).
  std::string vm;
  std::string tenant;

  // A series of the host: `metric` with `labels` and the instance.
  std::string Of(std::string_view metric, std::vector<std::pair<std::string, std::string>> labels = {}) const;
};

// Finds what was named among what Prometheus has seen in the span. `name`: of a tenant its id, of a VM the domain's
// name or UUID, with or without "tenants/" or "vms/". `instance`: may be empty where one host only could be meant.
// NotFound: nothing has that name; the message says which names there are. InvalidArgument: several could be meant.
absl::StatusOr<Scope> FindScope(const Prometheus& prometheus, Kind kind, const std::string& name,
                                const std::string& instance, const Span& span);

}  // namespace hypertier::tierctl::report
