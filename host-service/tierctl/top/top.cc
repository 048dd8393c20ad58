// SPDX-License-Identifier: Apache-2.0
#include <langinfo.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/top/feed.h"
#include "host-service/tierctl/top/screen.h"

namespace hypertier::tierctl {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// At most five times a second, whatever changes; at least once, since ages are shown.
constexpr milliseconds kLeastPause{200};
constexpr milliseconds kMostPause{1000};
// How long a change may wait while nobody presses a key.
constexpr milliseconds kLook{50};

volatile sig_atomic_t ended = 0;

void EndOnSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { ended = 1; };
  // Before ncurses, which would take them; without SA_RESTART, so that waiting for a key ends.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// True when the user left, false when a signal ended it.
bool Show(const Context& context, top::Screen& screen, const top::Glyphs& glyphs) {
  top::Feed feed(context);
  top::View view;
  std::size_t rows = 0;
  std::size_t page = 0;
  std::uint64_t version = 0;
  bool pressed = true;
  top::Size size = screen.size();
  Clock::time_point drawn = Clock::now() - kMostPause;
  while (ended == 0) {
    const auto pause = Clock::now() - drawn;
    const bool changed = pressed || version != feed.version() || screen.size() != size;
    if (pause >= kMostPause || (changed && pause >= kLeastPause)) {
      version = feed.version();
      size = screen.size();
      const top::Picture picture = feed.Now();
      const std::vector<top::Row> arranged = Arrange(picture, view);
      const top::Frame frame = Layout(picture, arranged, view, size, glyphs);
      screen.Draw(frame.lines);
      rows = arranged.size();
      page = frame.page;
      pressed = false;
      drawn = Clock::now();
    }
    const top::Key key = screen.Read(kLook);
    if (key == top::Key::kQuit) return true;
    if (key == top::Key::kNone) continue;
    view.Press(key, rows, page);
    pressed = true;
  }
  return false;
}

}  // namespace

int Top(const Context& context) {
  if (context.output != Output::kTable) {
    return Misused(absl::InvalidArgumentError("top is for people; `tierctl watch -o json` is for programs"));
  }
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
    return Misused(absl::InvalidArgumentError("top needs a terminal to draw on; use `tierctl watch`"));
  }
  EndOnSignals();
  auto screen = top::Screen::Open();
  if (!screen.ok()) return Misused(screen.status());
  const bool utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  return Show(context, **screen, utf8 ? top::kBlocks : top::kAscii) ? kOk : kInterrupted;
}

}  // namespace hypertier::tierctl
