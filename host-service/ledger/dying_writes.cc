// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/dying_writes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hypertier::test {
namespace {

int g_writes_left = 0;
Death g_death = Death::kBefore;

// What SQLite calls in place of pwrite(2).
ssize_t Write(int file, const void* data, std::size_t size, off_t offset) {
  const bool last = --g_writes_left == 0;
  ssize_t written = 0;
  if (!last || g_death == Death::kAfter) {
    written = pwrite(file, data, size, offset);
  } else if (g_death == Death::kTorn) {
    written = pwrite(file, data, size / 2, offset);
  }
  if (last) kill(getpid(), SIGKILL);
  return written;
}

}  // namespace

void DieInWrite(int write, Death death) {
  g_writes_left = write;
  g_death = death;
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  // Which of the two is in use is decided where SQLite is built; the other is there all the same, and unused.
  for (const char* name : {"pwrite", "pwrite64"}) {
    ASSERT_EQ(vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(Write)), SQLITE_OK);
  }
}

bool DiesInWrite(int write, Death death, const std::function<void()>& run) {
  const pid_t process = fork();
  if (process == 0) {
    DieInWrite(write, death);
    run();
    _exit(0);
  }
  int status = 0;
  waitpid(process, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace hypertier::test
