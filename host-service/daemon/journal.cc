// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/journal.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
// Else the macros of systemd's header add fields about this file to each entry.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "common/log_fields.h"
#include "common/text.h"

namespace hypertier::daemon {
namespace {

int PriorityOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return LOG_CRIT;
    case spdlog::level::err:
      return LOG_ERR;
    case spdlog::level::warn:
      return LOG_WARNING;
    case spdlog::level::info:
      return LOG_INFO;
    default:
      return LOG_DEBUG;
  }
}

}  // namespace

bool IsJournal(const char* stream, int fd) {
  if (stream == nullptr) return false;
  const std::string_view text = stream;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto device = ParseUint64(text.substr(0, colon));
  const auto inode = ParseUint64(text.substr(colon + 1));
  struct stat there = {};
  return device && inode && fstat(fd, &there) == 0 && there.st_dev == *device && there.st_ino == *inode;
}

void JournalSink::sink_it_(const spdlog::details::log_msg& message) {
  std::vector<std::string> fields = LogJournal(LogAbout::Current(), {message.payload.data(), message.payload.size()});
  fields.push_back(fmt::format("PRIORITY={}", PriorityOf(message.level)));
  fields.push_back(identifier_);
  std::vector<iovec> parts;
  parts.reserve(fields.size());
  for (std::string& field : fields) parts.push_back({field.data(), field.size()});
  if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0) {
    fmt::print(stderr, "{}\n", std::string_view(fields.front()).substr(std::string_view("MESSAGE=").size()));
  }
}

}  // namespace hypertier::daemon
