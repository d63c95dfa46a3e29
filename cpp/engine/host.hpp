// What the engine needs of the program that it runs in, such as an interpreter with a global lock.
#pragma once

#include <memory>

#include "base/json.hpp"
#include "engine/token_cache.hpp"

namespace authjwks {

/// The host of one call of Authenticator::verify(), on whose thread all its members are called.
class Host {
  public:
    /// A reference to a function without arguments, valid until the call that it is passed to returns. It throws what
    /// the function throws. Unlike std::function it never allocates.
    class Work {
      public:
        template <class Function>
        explicit Work(Function& function)
            : function_(&function), call_([](void* target) { (*static_cast<Function*>(target))(); }) {}

        void operator()() const { call_(function_); }

      private:
        void* function_;
        void (*call_)(void*);
    };

    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    /// Runs `work`, which may take long or wait, without any lock of the host. @return false when the host no longer
    /// wants the verdict; then nothing is delivered.
    virtual bool run_unlocked(Work work) = 0;

    /// Takes the claims of an accepted token and makes the caller's form of them. @param to_be_cached  whether a form
    /// for the cache is wanted as well. @return that form; null when it is not wanted or cannot be made.
    virtual std::unique_ptr<const CachedClaims> deliver(json::Object claims, bool to_be_cached) = 0;

    /// Makes the caller's form of claims that were cached.
    virtual void deliver(const CachedClaims& claims) = 0;
};

}  // namespace authjwks
