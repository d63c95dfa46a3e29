// What keeps a fork out of the cryptographic library.
#pragma once

namespace authjwks::crypto {

/// A section of code that uses the cryptographic library. fork() waits until no thread is inside one, because a child
/// process that inherits one of the library's own locks while it is held hangs as soon as it needs it. Code inside a
/// section must therefore not wait for anything. At the end the thread's error queue is empty: where the library is the
/// system's, `ssl` and `cryptography` may share it with us. Sections may nest.
class ForkSafeSection {
  public:
    ForkSafeSection();
    ~ForkSafeSection();
    ForkSafeSection(const ForkSafeSection&) = delete;
    ForkSafeSection& operator=(const ForkSafeSection&) = delete;
};

}  // namespace authjwks::crypto
