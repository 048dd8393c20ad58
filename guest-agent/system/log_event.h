// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/spdlog.h>

#include <utility>

#include "common/log_fields.h"

namespace hypertier::agent {

// spdlog::log() of a line that tells of `event`: one word of those in docs/logs.md.
template <typename... Args>
void LogEvent(spdlog::level::level_enum level, const char* event, fmt::format_string<Args...> format, Args&&... args) {
  LogFields fields;
  fields.event = event;
  const LogAbout about(fields);
  spdlog::log(level, format, std::forward<Args>(args)...);
}

}  // namespace hypertier::agent
