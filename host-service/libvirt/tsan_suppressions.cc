// SPDX-License-Identifier: Apache-2.0
//
// Reports of ThreadSanitizer about libvirt and GLib themselves, which are built without it: GLib's locks are futexes
// that it cannot see. By function and not by library: these libraries are on the stack of our callbacks too. For tests
// only.
#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  return
      // GLib's allocators and copies of what another thread made.
      "race:^g_slice_alloc0$\n"
      "race:^g_memdup2$\n"
      // Waking GLib's main loop. Our own code writes to no descriptor in these tests.
      "race:^__interceptor_write$\n"
      // libvirt's virMutexDestroy; the test driver destroys its lock while it holds it. A std::mutex calls no such
      // function.
      "race:^__interceptor_pthread_mutex_destroy$\n"
      "mutex:libvirt.so\n"
      // Opening and closing test:///default take its locks in different orders.
      "deadlock:^virDomainObjListAdd$\n";
}
#endif
