// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hypertier::tierctl {

enum class Subject { kHost, kTenant, kVm };

struct ReportOptions {
  Subject subject = Subject::kHost;
  // A VM's domain name or UUID, a tenant's id, or the label `instance` of a host; "": the only host that Prometheus
  // knows.
  std::string name;
  std::string prometheus;
  absl::Duration last;
};

// NotFound: Prometheus knows no such thing in that time. Other errors: as Prometheus::Query.
absl::StatusOr<std::string> MakeReport(const ReportOptions& options, absl::Time now, absl::TimeZone zone);

}  // namespace hypertier::tierctl
