// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string>

namespace hypertier::daemon {

// Whether what is written to `fd` goes to the journal. `stream`: the environment's JOURNAL_STREAM, may be null; systemd
// sets it to the device and inode of what it connected, and it is inherited by those whose stderr is something else.
bool IsJournal(const char* stream, int fd);

// Sends each line to the journal as an entry with fields: what the line is about, and its priority. Where the journal
// does not take it, to stderr as text.
class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit JournalSink(const std::string& identifier) : identifier_("SYSLOG_IDENTIFIER=" + identifier) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

  std::string identifier_;
};

}  // namespace hypertier::daemon
