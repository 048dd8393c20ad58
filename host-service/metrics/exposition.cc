// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/exposition.h"

#include <fmt/format.h>

#include <exception>

namespace hypertier::metrics {

absl::StatusOr<std::unique_ptr<prometheus::Exposer>> Expose(const std::string& listen,
                                                            const std::shared_ptr<Collector>& collector) {
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(listen);
    exposer->RegisterCollectable(collector);
    return exposer;
  } catch (const std::exception& error) {
    return absl::AlreadyExistsError(fmt::format(
        "listen.metrics: cannot listen on {}: {}; the port is in use, or the address is not one of this machine's",
        listen, error.what()));
  }
}

}  // namespace hypertier::metrics
