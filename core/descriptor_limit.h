// How many descriptors this process may have.
#ifndef FILEMON_CORE_DESCRIPTOR_LIMIT_H_
#define FILEMON_CORE_DESCRIPTOR_LIMIT_H_

namespace filemon {

// Raises the soft limit to the hard one: a collector has a descriptor for each
// process that it watches.
void RaiseDescriptorLimit();

}  // namespace filemon

#endif  // FILEMON_CORE_DESCRIPTOR_LIMIT_H_
