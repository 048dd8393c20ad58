// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "common/log_formatter.h"

namespace hypertier::agent {
namespace {

// %*: syslog's priority of the line.
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    char priority = '6';
    if (message.level >= spdlog::level::err) {
      priority = '3';
    } else if (message.level == spdlog::level::warn) {
      priority = '4';
    } else if (message.level <= spdlog::level::debug) {
      priority = '7';
    }
    out.push_back(priority);
  }

  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Priority>(); }
};

}  // namespace

void LogToStderr(spdlog::level::level_enum level, LogFormat format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<Priority>('*').add_flag<LogJsonFlag>('J').add_flag<LogTextFlag>('Q');
  formatter->set_pattern(format == LogFormat::kJson ? kJsonPattern : "<%*>hypertier-agent: %Q");
  auto logger = std::make_shared<spdlog::logger>("agent", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::move(formatter));
  logger->set_level(level);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace hypertier::agent
