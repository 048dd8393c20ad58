// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hypertier {

// `text` as the inside of a JSON string: valid UTF-8 whatever it is, and nothing that HTML or JavaScript take for
// their own.
std::string EscapeJson(std::string_view text);

}  // namespace hypertier
