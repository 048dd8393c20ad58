// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/bytes.h"

namespace hypertier::qos {

// Without what is not a whole page.
constexpr Bytes PageDown(Bytes bytes) {
  return Bytes(bytes.count() / kPage.count() * kPage.count());
}

}  // namespace hypertier::qos
