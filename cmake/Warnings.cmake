# SPDX-License-Identifier: Apache-2.0
# One target to link for the project's warnings and sanitizers; third-party headers come in as SYSTEM.
add_library(iiif_build_flags INTERFACE)
target_compile_options(iiif_build_flags INTERFACE
  -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wvla
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi>
  $<$<BOOL:${IIIF_WERROR}>:-Werror>
  -fstack-protector-strong)
if(IIIF_SANITIZE)
  target_compile_options(iiif_build_flags INTERFACE -fsanitize=${IIIF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(iiif_build_flags INTERFACE -fsanitize=${IIIF_SANITIZE})
  if(IIIF_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC warns that ThreadSanitizer does not understand fences. They stand between atomics, which are no race without
    # them either (source/shared_descriptions), and where processes may end (renderd/answer_store).
    target_compile_options(iiif_build_flags INTERFACE -Wno-tsan)
  endif()
endif()
