/**
 * The server's shapes (schema.d.ts, generated) under the names that the page uses, narrowed where its description is
 * wider than what is sent. Money is a decimal string in US dollars, times are ISO 8601 UTC.
 */
import type * as schema from "./schema";

export type { FileInfo as UploadedFile, LocalModelInfo as LocalModel, MadeApiKey, MadeTenant, Tenant, Verification } from "./schema";

export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type User = schema.User;
export type Role = User["role"];
export type Member = User;
export type InvitedMember = schema.Invited;
export type Session = schema.Session;
export type { LimitUse, LimitUses, MadeScimToken, ScimState } from "./schema";
export type { Group, GroupMember, Invitation, InvitationLook, MadeInvitation, WaysToSignIn } from "./schema";
export type { Passkey, RecoveryCodes, SecondFactorOverview, SignedOut, SsoSettings, SsoState, TotpEnrolment } from "./schema";
export type GivenRole = schema.SsoSettings["default_role"];
export type DeviceSession = schema.SessionInfo;
export type Plan = schema.Tenant["plan"];
export type AuditEntry = schema.Entry;
export type ApiKey = schema.ApiKey;
export type Scope = ApiKey["scopes"][number];
export type Model = schema.ModelInfo;
export type Connection = schema.ConnectionInfo;
export type Provider = schema.ProviderInfo;
export type { AwsIdentity, KeyRotation, KeyRotationInSteps, KeyRotationStep, ValidatedCredentials } from "./schema";
export type Vault = schema.Vault;
export type Credential = schema.Credential;
export type Usage = schema.UsageSummary;
export type { GroupSums as MetricGroup, Overview, Point as MetricPoint, Requests as OtherRequest, Spend, Sums as MetricSums } from "./schema";
export type { Budget, Call, Limit } from "./schema";
type Aliased<T> = Omit<T, "aliases"> & { aliases?: Record<string, string[]> };
export type Policy = Aliased<schema.Policy>;
export type PolicySettings = Aliased<schema.PolicySettings>;
export type Guardrail = schema.Guardrail;
export type { CacheFigures, CacheSettings, LoggedPart, LoggingSettings, RequestLog, WholeRequestLog } from "./schema";
export type PolicyParameters = NonNullable<PolicySettings["parameters"]>;
export type { ByTask, CandidateInfo, Decision, Figures, Interval, ModelStanding, NewRule, NotReplayed, Refit, Replayed, ReplayResult, RouteResult, Rule, RuleSettings, RuleTested, Terms } from "./schema";
export type RuleConditions = schema.Conditions_Input;
export type RoutingSettings = schema.Settings;
export type TaskType = schema.ByTask["task_type"];
export type Chat = schema.ChatSummary;
export type { Folder as ChatFolder, Share as ChatShare, SharedChat, SharedImage } from "./schema";

export type Part = { type: "text"; text: string } | { type: "image"; asset_id: string; url: string };
export type NewPart = schema.TextContent | schema.ImageContent;

export interface Failure {
  slug: string;
  title: string;
  detail: string;
  /** The model that would be asked in the failed one's place. */
  next_best?: { model: string; reason: string } | null;
}

export interface Message extends Omit<schema.Message, "content" | "error"> {
  content: Part[];
  error: Failure | null;
}

export interface ChatDetail extends Omit<schema.Chat, "messages"> {
  messages: Message[];
}

export interface Turn {
  run_id: string;
  user_message: Message;
  assistant_message: Message;
}
export type { ErrorAction, ErrorAssignee, ErrorGroup, ErrorGroupDetail, ErrorLog, ErrorProject, ErrorSettings, ErrorSettingsGiven, ErrorTriage, SimilarErrors, TouchedGroups } from "./schema";
export type { AccessEntry, CredentialType, ImportedSecret, ListedSecret, ListedSecrets, RevealRequest, RotationPlan, TrailVerification } from "./schema";
export type VaultRole = NonNullable<schema.Vault["role"]>;
export type { Leak as CredentialLeak, Member as VaultMember, Mirror as CredentialMirror, Revealed as RevealedValue, Rotation as CredentialRotation, Use as CredentialUse, Version as CredentialVersion } from "./schema";
export type { MadeMerge, Merge, MergeSummary } from "./schema";
export type NewMerge = schema.NewMerge;
export type MergeStrategy = schema.Merge["merge_strategy"];
export type { Added as AddedMemory, Applied, Evidence as PreferenceEvidence, Found as FoundMemories, GroupMemory, Graph as MemoryGraph, ImportedMemories, Memory, Reason as WhyFound } from "./schema";
export type { Pattern } from "./schema";
export type Preference = Omit<schema.Preference_Output, "interval"> & { interval: [number, number] };
export type LearningSettings = Required<schema.LearningSettings>;

export type DocumentBase = schema.Base;
export type KnownDocument = schema.Document;
export type TextPiece = schema.DocumentText;
export type Span = schema.QuoteSpan;
export type CitedPassage = schema.Citation;
export type { FoundPassage, FoundPassages, Passage } from "./schema";

export type { ToolCitation, ToolCommands, ToolInfo, ToolServer, ToolTried, ToolWebhook } from "./schema";
export type ToolSettings = Required<Omit<schema.ToolSettings, "config">> & { config: schema.ToolConfig };
export type { Room as RoomInfo, RoomMention } from "./schema";

export type { NewSynthesis, VoiceModels, VoiceSession } from "./schema";
export type Voice = schema.VoiceOfModel;
export type SpokenText = schema.Synthesis;
/** Its words are told as any JSON. */
export type Transcription = Omit<schema.Transcription, "word_timestamps"> & { word_timestamps: { word: string; start: number; end: number; shown?: string | null }[] };
export type { Video, VideoAnswer, VideoFrame } from "./schema";
