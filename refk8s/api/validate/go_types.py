"""The API server's internal types as `go_json` needs them: Go field names in the order of the Go structs.

Notation, one entry per type, one word per field: `GoName=jsonName:type`; the JSON name is left out where it is the Go
name with a small first letter. Types: s string, b bool, i32, i64, q quantity, t time, ios int-or-string, `*` pointer,
`[x]` list, `{x}` map, `tagged` a type that has JSON names in Go too, else a named type; `+Type` embeds a type.
Source: the struct declarations of pkg/apis/{core,apps,batch,policy}/types.go.
"""

from __future__ import annotations

INTERNAL = """
PodSpec: Volumes:[Volume] InitContainers:[Container] Containers:[Container] EphemeralContainers:[EphemeralContainer]
  RestartPolicy:s TerminationGracePeriodSeconds:*i64 ActiveDeadlineSeconds:*i64 DNSPolicy=dnsPolicy:s
  NodeSelector:{s} ServiceAccountName:s AutomountServiceAccountToken:*b NodeName:s
  SecurityContext:*PodSecurityContext ImagePullSecrets:[LocalObjectReference] Hostname:s Subdomain:s
  SetHostnameAsFQDN:*b Affinity:*Affinity SchedulerName:s Tolerations:[Toleration] HostAliases:[HostAlias]
  PriorityClassName:s Priority:*i32 PreemptionPolicy:*s DNSConfig=dnsConfig:*PodDNSConfig
  ReadinessGates:[PodReadinessGate] RuntimeClassName:*s Overhead:{q} EnableServiceLinks:*b
  TopologySpreadConstraints:[TopologySpreadConstraint] OS=os:*PodOS SchedulingGates:[PodSchedulingGate]
  ResourceClaims:[PodResourceClaim] Resources:*ResourceRequirements HostnameOverride:*s
  SchedulingGroup:*PodSchedulingGroup
Taint: Key:s Value:s Effect:s TimeAdded:*t
ServicePort: Name:s Protocol:s AppProtocol:*s Port:i32 TargetPort:ios NodePort:i32
DeploymentStrategy: Type:s RollingUpdate:*RollingUpdateDeployment
NodeAddress: Type:s Address:s
NodeConfigSource: ConfigMap:*ConfigMapNodeConfigSource
PodIP: IP=ip:s
HostIP: IP=ip:s
EphemeralContainer: +EphemeralContainerCommon TargetContainerName:s
Volume: Name:s +VolumeSource
Container: Name:s Image:s Command:[s] Args:[s] WorkingDir:s Ports:[ContainerPort] EnvFrom:[EnvFromSource]
  Env:[EnvVar] Resources:ResourceRequirements ResizePolicy:[ContainerResizePolicy] RestartPolicy:*s
  RestartPolicyRules:[ContainerRestartRule] VolumeMounts:[VolumeMount] VolumeDevices:[VolumeDevice]
  LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath:s
  TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY=tty:b
PodSecurityContext: HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace:*b HostUsers:*b
  SELinuxOptions=seLinuxOptions:*SELinuxOptions WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*i64
  RunAsGroup:*i64 RunAsNonRoot:*b SupplementalGroups:[i64] SupplementalGroupsPolicy:*s FSGroup=fsGroup:*i64
  FSGroupChangePolicy=fsGroupChangePolicy:*s Sysctls:[Sysctl] SeccompProfile:*SeccompProfile
  AppArmorProfile:*AppArmorProfile SELinuxChangePolicy=seLinuxChangePolicy:*s
LocalObjectReference: Name:s
Affinity: NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAntiAffinity
Toleration: Key:s Operator:s Value:s Effect:s TolerationSeconds:*i64
HostAlias: IP=ip:s Hostnames:[s]
PodDNSConfig: Nameservers:[s] Searches:[s] Options:[PodDNSConfigOption]
PodReadinessGate: ConditionType:s
TopologySpreadConstraint: MaxSkew:i32 TopologyKey:s WhenUnsatisfiable:s LabelSelector:*tagged MinDomains:*i32
  NodeAffinityPolicy:*s NodeTaintsPolicy:*s MatchLabelKeys:[s]
PodOS: Name:s
PodSchedulingGate: Name:s
PodResourceClaim: Name:s ResourceClaimName:*s ResourceClaimTemplateName:*s
ResourceRequirements: Limits:{q} Requests:{q} Claims:[ResourceClaim]
PodSchedulingGroup: PodGroupName:*s
StatefulSetUpdateStrategy: Type:s RollingUpdate:*RollingUpdateStatefulSetStrategy
RollingUpdateStatefulSetStrategy: Partition:i32 MaxUnavailable:*ios
DaemonSetUpdateStrategy: Type:s RollingUpdate:*RollingUpdateDaemonSet
RollingUpdateDaemonSet: MaxUnavailable:ios MaxSurge:ios
PodDisruptionBudgetSpec: MinAvailable:*ios Selector:*tagged MaxUnavailable:*ios UnhealthyPodEvictionPolicy:*s
VolumeNodeAffinity: Required:*NodeSelector
PersistentVolumeSource: GCEPersistentDisk=gcePersistentDisk:*GCEPersistentDiskVolumeSource
  AWSElasticBlockStore=awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource HostPath:*HostPathVolumeSource
  Glusterfs:*GlusterfsPersistentVolumeSource NFS=nfs:*NFSVolumeSource RBD=rbd:*RBDPersistentVolumeSource
  Quobyte:*QuobyteVolumeSource ISCSI=iscsi:*ISCSIPersistentVolumeSource FlexVolume:*FlexPersistentVolumeSource
  Cinder:*CinderPersistentVolumeSource CephFS=cephfs:*CephFSPersistentVolumeSource FC=fc:*FCVolumeSource
  Flocker:*FlockerVolumeSource AzureFile:*AzureFilePersistentVolumeSource
  VsphereVolume:*VsphereVirtualDiskVolumeSource AzureDisk:*AzureDiskVolumeSource
  PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource PortworxVolume:*PortworxVolumeSource
  ScaleIO:*ScaleIOPersistentVolumeSource Local:*LocalVolumeSource
  StorageOS=storageos:*StorageOSPersistentVolumeSource CSI=csi:*CSIPersistentVolumeSource
SecretReference: Name:s Namespace:s
GlusterfsPersistentVolumeSource: EndpointsName=endpoints:s Path:s ReadOnly:b EndpointsNamespace:*s
RBDPersistentVolumeSource: CephMonitors=monitors:[s] RBDImage=image:s FSType=fsType:s RBDPool=pool:s
  RadosUser=user:s Keyring:s SecretRef:*SecretReference ReadOnly:b
ISCSIPersistentVolumeSource: TargetPortal:s IQN=iqn:s Lun:i32 ISCSIInterface=iscsiInterface:s FSType=fsType:s
  ReadOnly:b Portals:[s] DiscoveryCHAPAuth=chapAuthDiscovery:b SessionCHAPAuth=chapAuthSession:b
  SecretRef:*SecretReference InitiatorName:*s
FlexPersistentVolumeSource: Driver:s FSType=fsType:s SecretRef:*SecretReference ReadOnly:b Options:{s}
CinderPersistentVolumeSource: VolumeID:s FSType=fsType:s ReadOnly:b SecretRef:*SecretReference
CephFSPersistentVolumeSource: Monitors:[s] Path:s User:s SecretFile:s SecretRef:*SecretReference ReadOnly:b
AzureFilePersistentVolumeSource: SecretName:s ShareName:s ReadOnly:b SecretNamespace:*s
ScaleIOPersistentVolumeSource: Gateway:s System:s SecretRef:*SecretReference SSLEnabled=sslEnabled:b
  ProtectionDomain:s StoragePool:s StorageMode:s VolumeName:s FSType=fsType:s ReadOnly:b
LocalVolumeSource: Path:s FSType=fsType:*s
StorageOSPersistentVolumeSource: VolumeName:s VolumeNamespace:s FSType=fsType:s ReadOnly:b
  SecretRef:*ObjectReference
ObjectReference: Kind:s Namespace:s Name:s UID=uid:s APIVersion=apiVersion:s ResourceVersion:s FieldPath:s
CSIPersistentVolumeSource: Driver:s VolumeHandle:s ReadOnly:b FSType=fsType:s VolumeAttributes:{s}
  ControllerPublishSecretRef:*SecretReference NodeStageSecretRef:*SecretReference
  NodePublishSecretRef:*SecretReference ControllerExpandSecretRef:*SecretReference
  NodeExpandSecretRef:*SecretReference
PodFailurePolicy: Rules:[PodFailurePolicyRule]
PodFailurePolicyRule: Action:s OnExitCodes:*PodFailurePolicyOnExitCodesRequirement
  OnPodConditions:[PodFailurePolicyOnPodConditionsPattern]
PodFailurePolicyOnExitCodesRequirement: ContainerName:*s Operator:s Values:[i32]
PodFailurePolicyOnPodConditionsPattern: Type:s Status:s
SuccessPolicy: Rules:[SuccessPolicyRule]
SuccessPolicyRule: SucceededIndexes:*s SucceededCount:*i32
UncountedTerminatedPods: Succeeded:[s] Failed:[s]
RollingUpdateDeployment: MaxUnavailable:ios MaxSurge:ios
ConfigMapNodeConfigSource: Namespace:s Name:s UID=uid:s ResourceVersion:s KubeletConfigKey:s
EphemeralContainerCommon: Name:s Image:s Command:[s] Args:[s] WorkingDir:s Ports:[ContainerPort]
  EnvFrom:[EnvFromSource] Env:[EnvVar] Resources:ResourceRequirements ResizePolicy:[ContainerResizePolicy]
  RestartPolicy:*s RestartPolicyRules:[ContainerRestartRule] VolumeMounts:[VolumeMount] VolumeDevices:[VolumeDevice]
  LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath:s
  TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY=tty:b
VolumeSource: HostPath:*HostPathVolumeSource EmptyDir:*EmptyDirVolumeSource
  GCEPersistentDisk=gcePersistentDisk:*GCEPersistentDiskVolumeSource
  AWSElasticBlockStore=awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource GitRepo:*GitRepoVolumeSource
  Secret:*SecretVolumeSource NFS=nfs:*NFSVolumeSource ISCSI=iscsi:*ISCSIVolumeSource
  Glusterfs:*GlusterfsVolumeSource PersistentVolumeClaim:*PersistentVolumeClaimVolumeSource RBD=rbd:*RBDVolumeSource
  Quobyte:*QuobyteVolumeSource FlexVolume:*FlexVolumeSource Cinder:*CinderVolumeSource
  CephFS=cephfs:*CephFSVolumeSource Flocker:*FlockerVolumeSource DownwardAPI:*DownwardAPIVolumeSource
  FC=fc:*FCVolumeSource AzureFile:*AzureFileVolumeSource ConfigMap:*ConfigMapVolumeSource
  VsphereVolume:*VsphereVirtualDiskVolumeSource AzureDisk:*AzureDiskVolumeSource
  PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource Projected:*ProjectedVolumeSource
  PortworxVolume:*PortworxVolumeSource ScaleIO:*ScaleIOVolumeSource StorageOS=storageos:*StorageOSVolumeSource
  CSI=csi:*CSIVolumeSource Ephemeral:*EphemeralVolumeSource Image:*ImageVolumeSource
ContainerPort: Name:s HostPort:i32 ContainerPort:i32 Protocol:s HostIP:s
EnvFromSource: Prefix:s ConfigMapRef:*ConfigMapEnvSource SecretRef:*SecretEnvSource
EnvVar: Name:s Value:s ValueFrom:*EnvVarSource
ContainerResizePolicy: ResourceName:s RestartPolicy:s
ContainerRestartRule: Action:s ExitCodes:*ContainerRestartRuleOnExitCodes
VolumeMount: Name:s ReadOnly:b RecursiveReadOnly:*s MountPath:s SubPath:s MountPropagation:*s SubPathExpr:s
VolumeDevice: Name:s DevicePath:s
Probe: +ProbeHandler InitialDelaySeconds:i32 TimeoutSeconds:i32 PeriodSeconds:i32 SuccessThreshold:i32
  FailureThreshold:i32 TerminationGracePeriodSeconds:*i64
Lifecycle: PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal:*s
SecurityContext: Capabilities:*Capabilities Privileged:*b SELinuxOptions=seLinuxOptions:*SELinuxOptions
  WindowsOptions:*WindowsSecurityContextOptions RunAsUser:*i64 RunAsGroup:*i64 RunAsNonRoot:*b
  ReadOnlyRootFilesystem:*b AllowPrivilegeEscalation:*b ProcMount:*s SeccompProfile:*SeccompProfile
  AppArmorProfile:*AppArmorProfile
SELinuxOptions: User:s Role:s Type:s Level:s
WindowsSecurityContextOptions: GMSACredentialSpecName=gmsaCredentialSpecName:*s
  GMSACredentialSpec=gmsaCredentialSpec:*s RunAsUserName:*s HostProcess:*b
Sysctl: Name:s Value:s
SeccompProfile: Type:s LocalhostProfile:*s
AppArmorProfile: Type:s LocalhostProfile:*s
NodeAffinity: RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
  PreferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
PodAffinity: RequiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
  PreferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodAntiAffinity: RequiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
  PreferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodDNSConfigOption: Name:s Value:*s
ResourceClaim: Name:s Request:s
HostPathVolumeSource: Path:s Type:*s
EmptyDirVolumeSource: Medium:s SizeLimit:*q
GCEPersistentDiskVolumeSource: PDName=pdName:s FSType=fsType:s Partition:i32 ReadOnly:b
AWSElasticBlockStoreVolumeSource: VolumeID:s FSType=fsType:s Partition:i32 ReadOnly:b
GitRepoVolumeSource: Repository:s Revision:s Directory:s
SecretVolumeSource: SecretName:s Items:[KeyToPath] DefaultMode:*i32 Optional:*b
NFSVolumeSource: Server:s Path:s ReadOnly:b
ISCSIVolumeSource: TargetPortal:s IQN=iqn:s Lun:i32 ISCSIInterface=iscsiInterface:s FSType=fsType:s ReadOnly:b
  Portals:[s] DiscoveryCHAPAuth=chapAuthDiscovery:b SessionCHAPAuth=chapAuthSession:b
  SecretRef:*LocalObjectReference InitiatorName:*s
GlusterfsVolumeSource: EndpointsName=endpoints:s Path:s ReadOnly:b
PersistentVolumeClaimVolumeSource: ClaimName:s ReadOnly:b
RBDVolumeSource: CephMonitors=monitors:[s] RBDImage=image:s FSType=fsType:s RBDPool=pool:s RadosUser=user:s
  Keyring:s SecretRef:*LocalObjectReference ReadOnly:b
QuobyteVolumeSource: Registry:s Volume:s ReadOnly:b User:s Group:s Tenant:s
FlexVolumeSource: Driver:s FSType=fsType:s SecretRef:*LocalObjectReference ReadOnly:b Options:{s}
CinderVolumeSource: VolumeID:s FSType=fsType:s ReadOnly:b SecretRef:*LocalObjectReference
CephFSVolumeSource: Monitors:[s] Path:s User:s SecretFile:s SecretRef:*LocalObjectReference ReadOnly:b
FlockerVolumeSource: DatasetName:s DatasetUUID:s
DownwardAPIVolumeSource: Items:[DownwardAPIVolumeFile] DefaultMode:*i32
FCVolumeSource: TargetWWNs:[s] Lun:*i32 FSType=fsType:s ReadOnly:b WWIDs=wwids:[s]
AzureFileVolumeSource: SecretName:s ShareName:s ReadOnly:b
ConfigMapVolumeSource: +LocalObjectReference Items:[KeyToPath] DefaultMode:*i32 Optional:*b
VsphereVirtualDiskVolumeSource: VolumePath:s FSType=fsType:s StoragePolicyName:s StoragePolicyID:s
AzureDiskVolumeSource: DiskName:s DataDiskURI=diskURI:s CachingMode:*s FSType=fsType:*s ReadOnly:*b Kind:*s
PhotonPersistentDiskVolumeSource: PdID:s FSType=fsType:s
ProjectedVolumeSource: Sources:[VolumeProjection] DefaultMode:*i32
PortworxVolumeSource: VolumeID:s FSType=fsType:s ReadOnly:b
ScaleIOVolumeSource: Gateway:s System:s SecretRef:*LocalObjectReference SSLEnabled=sslEnabled:b ProtectionDomain:s
  StoragePool:s StorageMode:s VolumeName:s FSType=fsType:s ReadOnly:b
StorageOSVolumeSource: VolumeName:s VolumeNamespace:s FSType=fsType:s ReadOnly:b SecretRef:*LocalObjectReference
CSIVolumeSource: Driver:s ReadOnly:*b FSType=fsType:*s VolumeAttributes:{s}
  NodePublishSecretRef:*LocalObjectReference
EphemeralVolumeSource: VolumeClaimTemplate:*PersistentVolumeClaimTemplate
ImageVolumeSource: Reference:s PullPolicy:s
ConfigMapEnvSource: +LocalObjectReference Optional:*b
SecretEnvSource: +LocalObjectReference Optional:*b
EnvVarSource: FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector
  ConfigMapKeyRef:*ConfigMapKeySelector SecretKeyRef:*SecretKeySelector FileKeyRef:*FileKeySelector
ContainerRestartRuleOnExitCodes: Operator:s Values:[i32]
ProbeHandler: Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction
  GRPC=grpc:*GRPCAction
LifecycleHandler: Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction
  Sleep:*SleepAction
Capabilities: Add:[s] Drop:[s]
NodeSelector: NodeSelectorTerms:[NodeSelectorTerm]
PreferredSchedulingTerm: Weight:i32 Preference:NodeSelectorTerm
PodAffinityTerm: LabelSelector:*tagged Namespaces:[s] TopologyKey:s NamespaceSelector:*tagged
  MatchLabelKeys:[s] MismatchLabelKeys:[s]
WeightedPodAffinityTerm: Weight:i32 PodAffinityTerm:PodAffinityTerm
KeyToPath: Key:s Path:s Mode:*i32
DownwardAPIVolumeFile: Path:s FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode:*i32
VolumeProjection: Secret:*SecretProjection DownwardAPI:*DownwardAPIProjection ConfigMap:*ConfigMapProjection
  ServiceAccountToken:*ServiceAccountTokenProjection ClusterTrustBundle:*ClusterTrustBundleProjection
  PodCertificate:*PodCertificateProjection
PersistentVolumeClaimTemplate: ObjectMeta=metadata:tagged Spec:PersistentVolumeClaimSpec
ObjectFieldSelector: APIVersion=apiVersion:s FieldPath:s
ResourceFieldSelector: ContainerName:s Resource:s Divisor:q
ConfigMapKeySelector: +LocalObjectReference Key:s Optional:*b
SecretKeySelector: +LocalObjectReference Key:s Optional:*b
FileKeySelector: VolumeName:s Path:s Key:s Optional:*b
ExecAction: Command:[s]
HTTPGetAction: Path:s Port:ios Host:s Scheme:s HTTPHeaders=httpHeaders:[HTTPHeader]
TCPSocketAction: Port:ios Host:s
GRPCAction: Port:i32 Service:*s
SleepAction: Seconds:i64
NodeSelectorTerm: MatchExpressions:[NodeSelectorRequirement] MatchFields:[NodeSelectorRequirement]
SecretProjection: +LocalObjectReference Items:[KeyToPath] Optional:*b
DownwardAPIProjection: Items:[DownwardAPIVolumeFile]
ConfigMapProjection: +LocalObjectReference Items:[KeyToPath] Optional:*b
ServiceAccountTokenProjection: Audience:s ExpirationSeconds:i64 Path:s
ClusterTrustBundleProjection: Name:*s SignerName:*s LabelSelector:*tagged Optional:*b Path:s
PodCertificateProjection: SignerName:s KeyType:s MaxExpirationSeconds:*i32 CredentialBundlePath:s KeyPath:s
  CertificateChainPath:s UserAnnotations:{s}
PersistentVolumeClaimSpec: AccessModes:[s] Selector:*tagged Resources:VolumeResourceRequirements VolumeName:s
  StorageClassName:*s VolumeMode:*s DataSource:*TypedLocalObjectReference DataSourceRef:*TypedObjectReference
  VolumeAttributesClassName:*s
HTTPHeader: Name:s Value:s
NodeSelectorRequirement: Key:s Operator:s Values:[s]
VolumeResourceRequirements: Limits:{q} Requests:{q}
TypedLocalObjectReference: APIGroup=apiGroup:*s Kind:s Name:s
TypedObjectReference: APIGroup=apiGroup:*s Kind:s Name:s Namespace:*s
"""
