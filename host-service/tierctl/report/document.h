// SPDX-License-Identifier: Apache-2.0
//
// What a report shows, without any look. Texts are as others wrote them: they are made fit where they are written.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host-service/tierctl/report/prometheus.h"

namespace hypertier::tierctl::report {

// What the figures of an axis are. kShare: 0 to 1, shown in percent. kCpu: CPU seconds a second, likewise, without end.
enum class Unit { kBytes, kShare, kCpu };

// How a line looks; kStack0 and on are for what is the same of several (VMs).
enum class Look { kTarget, kResident, kReservation, kLimit, kMissing, kCharged, kFree, kOther, kStack };

struct Line {
  std::string label;
  Look look = Look::kOther;
  // One for each x of the chart; NaN is a gap.
  Values values;
};

struct Tick {
  double at = 0;
  std::string label;
};

struct Chart {
  std::string title;
  // A sentence about what it shows, for those who do not see it; figures of its lines are added when it is drawn.
  std::string about;
  Unit unit = Unit::kBytes;
  // Where the points are, rising, and what is written below.
  std::vector<double> x;
  std::vector<Tick> x_ticks;
  std::string x_title;
  std::vector<Line> lines;
  // The lines are parts of a whole: each on top of those before.
  bool stacked = false;
};

// Figures; the first column names the row. Without heads where there is nothing to tell apart.
struct Table {
  std::string title;
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> rows;
};

struct Document {
  std::string title;
  // What it is about, a line each: time, host, ...
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Table> tables;
  std::vector<Chart> charts;
};

}  // namespace hypertier::tierctl::report
