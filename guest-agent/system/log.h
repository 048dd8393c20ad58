// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/common.h>

namespace hypertier::agent {

// Sends spdlog's lines of `level` and above to standard error, each as "<N>hypertier-agent: text" with syslog's
// priority N, which systemd's journal and /dev/kmsg both understand. No time stamp: both add their own.
void LogToStderr(spdlog::level::level_enum level);

}  // namespace hypertier::agent
