// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hypertier::daemon {

// Logs to stderr from now on: `level` by spdlog's name; `format` "text", or "json" for one object a line.
void SetUpLog(const std::string& level, const std::string& format);

// `text` as the inside of a JSON string.
std::string EscapeJson(std::string_view text);

}  // namespace hypertier::daemon
