// SPDX-License-Identifier: Apache-2.0
//
// For tests: domain XML with a difference, and what is read of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "host-service/domain/describe.h"

namespace hypertier::domain {

// `text` with `to` in place of the first `from`, which must be there.
inline std::string Replace(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const std::size_t at = result.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? result : result.replace(at, from.size(), to);
}

inline Description Describe(std::string_view xml) {
  auto description = DescribeDomain(xml);
  EXPECT_TRUE(description.ok()) << description.status();
  return description.value_or(Description{});
}

}  // namespace hypertier::domain
