// SPDX-License-Identifier: Apache-2.0
//
// The kernel's files of figures, line by line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "common/text.h"

namespace hypertier::agent {

// Calls visit(line) for each, without white space at its ends.
template <typename Visit>
void ForEachLine(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(Trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The number at the beginning of `text`, white space before it allowed; 0 if there is none.
inline std::uint64_t LeadingNumber(std::string_view text) {
  text = Trim(text);
  return ParseUint64(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

// A figure of a file in its unit; no more than there can be.
inline Bytes Times(std::uint64_t count, Bytes unit) {
  return count > UINT64_MAX / unit.count() ? Bytes::Max() : Bytes(count * unit.count());
}

}  // namespace hypertier::agent
