// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/text_width.h"

#include <wchar.h>

#include <algorithm>

#include "common/utf8.h"

namespace hypertier::tierctl {
namespace {

struct Step {
  std::size_t bytes;
  std::size_t columns;
};

Step First(std::string_view text) {
  const Utf8Char next = DecodeUtf8(text);
  const int columns = wcwidth(static_cast<wchar_t>(next.point));
  return {std::max<std::size_t>(next.length, 1), columns < 0 ? 1 : static_cast<std::size_t>(columns)};
}

}  // namespace

std::size_t Columns(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Step step = First(text);
    columns += step.columns;
    text.remove_prefix(step.bytes);
  }
  return columns;
}

std::string_view Cut(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  std::size_t taken = 0;
  while (bytes < text.size()) {
    const Step step = First(text.substr(bytes));
    if (taken + step.columns > columns) break;
    taken += step.columns;
    bytes += step.bytes;
  }
  return text.substr(0, bytes);
}

std::string Fit(std::string_view text, std::size_t columns, std::string_view mark) {
  const std::string_view whole = Cut(text, columns);
  if (whole.size() == text.size()) return std::string(whole) + std::string(columns - Columns(whole), ' ');
  if (columns == 0) return "";
  // A wide character that does not fit leaves a column free.
  const std::string_view part = Cut(text, columns - 1);
  return std::string(part) + std::string(mark) + std::string(columns - 1 - Columns(part), ' ');
}

}  // namespace hypertier::tierctl
