// SPDX-License-Identifier: Apache-2.0
//
// The classifier under any sequence of calls, right and wrong ones. Input: operations, as
// guest-agent/ranges/operations.h reads them; it also says what is checked after each.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "guest-agent/ranges/operations.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hypertier::ranges::Operations operations;
  const absl::Status status = operations.Run({reinterpret_cast<const char*>(data), size});
  const std::string broken(status.message().data(), status.message().size());
  hypertier::fuzz::Require(status.ok(), broken.c_str());
  return 0;
}
