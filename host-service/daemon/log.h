// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/common.h>

#include <string>
#include <string_view>

#include "common/log_fields.h"

namespace hypertier::daemon {

// Logs to stderr from now on: `level` by spdlog's name; `format` "text", or "json" for one object a line. Text that
// would go to the journal goes there with its fields.
void SetUpLog(const std::string& level, const std::string& format);

// Logs one line about something.
void Log(spdlog::level::level_enum level, const LogFields& fields, std::string_view message);
// About an event that has no VM.
void LogEvent(spdlog::level::level_enum level, const char* event, std::string_view message);

}  // namespace hypertier::daemon
