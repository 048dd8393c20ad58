// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/log.h"

#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>

#include "common/log_formatter.h"
#include "host-service/daemon/journal.h"

namespace hypertier::daemon {
namespace {

// gRPC's own messages, which would otherwise go to stderr in a form of their own.
void LogGrpc(gpr_log_func_args* args) {
  const spdlog::level::level_enum level = args->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::err
                                          : args->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::info
                                                                                    : spdlog::level::debug;
  spdlog::log(level, "grpc: {}", args->message);
}

}  // namespace

void SetUpLog(const std::string& level, const std::string& format) {
  const bool json = format == "json";
  spdlog::sink_ptr sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  if (!json && IsJournal(getenv("JOURNAL_STREAM"), STDERR_FILENO)) sink = std::make_shared<JournalSink>("hypertierd");
  auto logger = std::make_shared<spdlog::logger>("hypertierd", std::move(sink));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LogJsonFlag>('J').add_flag<LogTextFlag>('Q');
  formatter->set_pattern(json ? kJsonPattern : "%Y-%m-%d %H:%M:%S.%e %l: %Q");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(LogGrpc);
}

void Log(spdlog::level::level_enum level, const LogFields& fields, std::string_view message) {
  const LogAbout about(fields);
  spdlog::log(level, "{}", message);
}

void LogEvent(spdlog::level::level_enum level, const char* event, std::string_view message) {
  LogFields fields;
  fields.event = event;
  Log(level, fields, message);
}

}  // namespace hypertier::daemon
