// SPDX-License-Identifier: Apache-2.0
//
// The forms of log_fields.h for spdlog. A header alone: the agent is linked statically with what it uses only.
#pragma once

#include <spdlog/pattern_formatter.h>

#include <memory>
#include <string>

#include "common/log_fields.h"

namespace hypertier {

// A flag of a pattern that writes the message by `Form`, with what its thread says that it is about.
template <std::string (*Form)(const LogFields*, std::string_view)>
class LogFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string text = Form(LogAbout::Current(), {message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LogFlag>(); }
};

// Of a JSON line and of the message in a line of text: 'J' and 'Q' in a pattern.
using LogJsonFlag = LogFlag<LogJson>;
using LogTextFlag = LogFlag<LogText>;

// One object a line: time, level, and what LogJson writes.
inline constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%J})";

}  // namespace hypertier
