// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host-service/channel/agent_channel.h"

namespace hypertier::channel {

// For tests: remembers what it was told, in words such as "up", "report 7", "failed 3 REASON", "down REASON", "reset
// REASON".
class RecordedEvents final : public AgentEvents {
 public:
  void LinkUp(const std::string&, const agent::v1::GuestHello& hello) override {
    up = true;
    last_hello = hello;
    Note("up");
  }
  void ReportArrived(const std::string&, const agent::v1::Report& report, Time) override {
    in_turn = in_turn && up;
    last_report = report;
    Note("report " + std::to_string(report.generation()));
  }
  void CommandFailed(const std::string&, std::uint64_t generation, const std::string& reason) override {
    in_turn = in_turn && up;
    Note("failed " + std::to_string(generation) + " " + reason);
  }
  void LinkDown(const std::string&, const std::string& reason) override {
    up = false;
    Note("down " + reason);
  }
  void LinkReset(const std::string&, const std::string& reason) override {
    up = false;
    Note("reset " + reason);
  }

  // What came since the last call.
  std::vector<std::string> Take() { return std::exchange(notes, {}); }

  bool up = false;
  // No report and no failure came outside a session.
  bool in_turn = true;
  bool keep_notes = true;
  std::optional<agent::v1::GuestHello> last_hello;
  std::optional<agent::v1::Report> last_report;
  std::vector<std::string> notes;

 private:
  void Note(std::string note) {
    if (keep_notes) notes.push_back(std::move(note));
  }
};

}  // namespace hypertier::channel
