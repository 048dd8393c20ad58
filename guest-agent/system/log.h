// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/common.h>

namespace hypertier::agent {

// kText: "<N>hypertier-agent: text" with syslog's priority N, which systemd's journal and /dev/kmsg both understand; no
// time stamp, since both add their own. kJson: one object a line.
enum class LogFormat { kText, kJson };

// Sends spdlog's lines of `level` and above to standard error. What comes from the host or from programs is one line
// whatever it holds.
void LogToStderr(spdlog::level::level_enum level, LogFormat format);

}  // namespace hypertier::agent
