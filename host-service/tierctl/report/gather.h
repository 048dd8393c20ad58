// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "host-service/tierctl/report/document.h"
#include "host-service/tierctl/report/prometheus.h"
#include "host-service/tierctl/report/scope.h"

namespace hypertier::tierctl::report {

// The report. What Prometheus has no values of is left out.
absl::StatusOr<Document> Gather(const Prometheus& prometheus, const Scope& scope, const Span& span);

}  // namespace hypertier::tierctl::report
