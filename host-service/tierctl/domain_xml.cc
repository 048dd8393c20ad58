// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "common/text.h"
#include "host-service/tierctl/commands.h"

namespace hypertier::tierctl {

int DomainXml(const std::string& file, const domain::ShapeOptions& options) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) {
      fmt::print(stderr, "tierctl: cannot read {}\n", file);
      return kNotFound;
    }
  }
  std::istream& in = file == "-" ? std::cin : opened;
  const std::string xml{std::istreambuf_iterator<char>(in), {}};
  const absl::StatusOr<std::string> shaped = domain::ShapeDomain(xml, options);
  if (!shaped.ok()) {
    fmt::print(stderr, "tierctl: {}\n", ToString(shaped.status().message()));
    return kRefused;
  }
  fmt::print("{}", *shaped);
  return kOk;
}

}  // namespace hypertier::tierctl
