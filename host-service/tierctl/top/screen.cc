// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/screen.h"

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/utf8.h"

namespace hypertier::tierctl::top {
namespace {

enum Pair : short { kGreen = 1, kYellow, kRed };

std::wstring Wide(std::string_view text) {
  std::wstring wide;
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    wide += next.length == 0 ? L'?' : static_cast<wchar_t>(next.point);
    text.remove_prefix(next.length == 0 ? 1 : next.length);
  }
  return wide;
}

attr_t Attributes(Style style) {
  switch (style) {
    case Style::kBold:
      return A_BOLD;
    case Style::kDim:
      return A_DIM;
    case Style::kHeading:
      return A_REVERSE;
    case Style::kBad:
      return A_BOLD;
    case Style::kAlarm:
      return A_BOLD | A_REVERSE;
    default:
      return A_NORMAL;
  }
}

short PairOf(Style style) {
  switch (style) {
    case Style::kGood:
      return kGreen;
    case Style::kMoving:
      return kYellow;
    case Style::kBad:
    case Style::kAlarm:
      return kRed;
    default:
      return 0;
  }
}

Key KeyOf(int code) {
  switch (code) {
    case 'q':
    case 'Q':
      return Key::kQuit;
    case KEY_UP:
    case 'k':
      return Key::kUp;
    case KEY_DOWN:
    case 'j':
      return Key::kDown;
    case KEY_PPAGE:
      return Key::kPageUp;
    case KEY_NPAGE:
    case ' ':
      return Key::kPageDown;
    case KEY_HOME:
      return Key::kHome;
    case KEY_END:
      return Key::kEnd;
    case 's':
      return Key::kSort;
    case 't':
      return Key::kFold;
    case 'h':
    case '?':
      return Key::kHelp;
    default:
      return Key::kNone;
  }
}

bool ColoursWanted() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

}  // namespace

absl::StatusOr<std::unique_ptr<Screen>> Screen::Open() {
  // Not initscr, which ends the program where the terminal is not known.
  screen* terminal = newterm(nullptr, stdout, stdin);
  if (terminal == nullptr) {
    return absl::FailedPreconditionError("this kind of terminal (TERM) cannot be driven; use `tierctl watch`");
  }
  return std::unique_ptr<Screen>(new Screen(terminal));
}

Screen::Screen(screen* terminal) : terminal_(terminal) {
  set_term(terminal_);
  cbreak();
  noecho();
  nonl();
  curs_set(0);
  set_escdelay(25);
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  if (ColoursWanted() && has_colors() && start_color() == OK && use_default_colors() == OK) {
    colours_ = true;
    init_pair(kGreen, COLOR_GREEN, -1);
    init_pair(kYellow, COLOR_YELLOW, -1);
    init_pair(kRed, COLOR_RED, -1);
  }
}

Screen::~Screen() {
  // Some terminals, resized meanwhile, keep parts of the picture when the one before it comes back.
  werase(stdscr);
  wrefresh(stdscr);
  endwin();
  delscreen(terminal_);
}

Size Screen::size() const {
  return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr))};
}

void Screen::Draw(const std::vector<Line>& lines) {
  werase(stdscr);
  for (std::size_t y = 0; y < lines.size(); ++y) {
    wmove(stdscr, static_cast<int>(y), 0);
    for (const Line::Span& span : lines[y].spans()) {
      wattr_set(stdscr, Attributes(span.style), colours_ ? PairOf(span.style) : short{0}, nullptr);
      const std::wstring text = Wide(span.text);
      waddnwstr(stdscr, text.c_str(), static_cast<int>(text.size()));
    }
  }
  wrefresh(stdscr);
}

Key Screen::Read(std::chrono::milliseconds most) {
  // First what ncurses has read already, and a change of size.
  int code = wgetch(stdscr);
  if (code == ERR) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, static_cast<int>(most.count())) > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      return Key::kQuit;
    }
    code = wgetch(stdscr);
  }
  return code == ERR ? Key::kNone : KeyOf(code);
}

}  // namespace hypertier::tierctl::top
