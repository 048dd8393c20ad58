// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/exposer.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "host-service/metrics/collector.h"

namespace hypertier::metrics {

// Serves /metrics on `listen` ("host:port"). AlreadyExists when it cannot listen there.
absl::StatusOr<std::unique_ptr<prometheus::Exposer>> Expose(const std::string& listen,
                                                            const std::shared_ptr<Collector>& collector);

}  // namespace hypertier::metrics
