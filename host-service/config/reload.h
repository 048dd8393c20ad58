// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host-service/config/config.h"

namespace hypertier {

// What a running hypertierd takes over of a configuration that was read again.
struct Reloaded {
  // What is in force now: the new values of all keys but those of need_restart, which stay as they were.
  Config config;
  // Keys whose new values a restart brings.
  std::vector<std::string> need_restart;
};
Reloaded Reload(Config running, Config wanted);

}  // namespace hypertier
