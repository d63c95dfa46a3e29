# Warnings, hardening and sanitizers, as one interface target that every target of ours links.
add_library(authjwks_flags INTERFACE)
target_compile_options(authjwks_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${AUTHJWKS_WERROR}>:-Werror>)
# Leaves out libcurl, of which nothing but headers is used unless AUTHJWKS_LINK_CURL is on.
target_link_options(authjwks_flags INTERFACE LINKER:--as-needed)
if(AUTHJWKS_FUZZ)
  set(AUTHJWKS_SANITIZE address,undefined)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(AUTHJWKS_SANITIZE)
  add_compile_options(-fsanitize=${AUTHJWKS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${AUTHJWKS_SANITIZE})
else()
  target_compile_options(authjwks_flags INTERFACE -fstack-protector-strong
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
  target_compile_definitions(authjwks_flags INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(authjwks_flags INTERFACE LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    target_compile_options(authjwks_flags INTERFACE -fstack-clash-protection -fcf-protection)
  endif()
endif()
